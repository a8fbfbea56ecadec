"""What a browser does with Outlook on the web, 2010 to SE: pages, script calls, the notification channel."""
