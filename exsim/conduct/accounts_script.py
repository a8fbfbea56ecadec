"""The PowerShell that makes test mailboxes on a farm, and the one that removes them again.  Runs nothing.

For the Exchange Management Shell; whoever runs it needs Recipient Management and the right to create
accounts in the OU.  Cmdlets and parameters are those of Microsoft's reference; nobody has run it on a farm.
"""

from __future__ import annotations

PREFIX = "exsim"
MOST = 500

MAKE = r"""# Makes {count} test mailboxes for exsim in each database, and accounts.csv for it.  Exchange Management Shell.
# Rights: Recipient Management, and creating users in $OU.  Removed again by the second script below.
$Count  = {count}
$Domain = "{domain}"                  # of their addresses and user principal names
$OU     = ""                          # organizational unit; "" is the default
$Languages = "en-US"; $TimeZone = "UTC"   # without them the first logon shows languageselection.aspx

$rows = @("email,logon,home,secret")
$number = 0
foreach ($database in Get-MailboxDatabase) {{
    $build = (Get-ExchangeServer $database.Server).AdminDisplayVersion
    $version = switch ("$($build.Major).$($build.Minor)") {{
        "15.0" {{ "2013" }} "15.1" {{ "2016" }}
        "15.2" {{ if ($build.Build -ge 2562) {{ "se" }} else {{ "2019" }} }} default {{ "2010" }}
    }}
    for ($i = 0; $i -lt $Count; $i++) {{
        $number++
        $name = "{prefix}{{0:d3}}" -f $number
        $bytes = New-Object byte[] 18
        [Security.Cryptography.RandomNumberGenerator]::Create().GetBytes($bytes)
        $password = "Aa2-" + ([Convert]::ToBase64String($bytes) -replace "[+/=,]", "x")
        $options = @{{ Name = $name; UserPrincipalName = "$name@$Domain"; Database = $database
                      Password = (ConvertTo-SecureString $password -AsPlainText -Force) }}
        if ($OU) {{ $options.OrganizationalUnit = $OU }}
        $mailbox = New-Mailbox @options
        # In no address list, and no mail from outside
        Set-Mailbox $name -HiddenFromAddressListsEnabled $true -RequireSenderAuthenticationEnabled $true
        Set-MailboxRegionalConfiguration $name -Language $Languages -TimeZone $TimeZone
        Set-CASMailbox $name -OWAEnabled $true -ActiveSyncEnabled $true -EwsEnabled $true -MAPIEnabled $true
        $rows += "$($mailbox.PrimarySmtpAddress),$name@$Domain,$version,$password"
    }}
}}
# The file holds passwords: for you alone.  Use it where exsim runs, with mode 600, or put the passwords
# into environment variables and write env:NAME instead.
Set-Content accounts.csv -Value $rows -Encoding UTF8
icacls accounts.csv /inheritance:r /grant:r "$($env:USERNAME):F" | Out-Null

# Recommended, so that a mistake can lock out nobody: a password policy of their own without a lock-out
#   New-ADGroup exsim-accounts -GroupScope Global
#   Add-ADGroupMember exsim-accounts -Members (1..$number | ForEach-Object {{ "{prefix}{{0:d3}}" -f $_ }})
#   New-ADFineGrainedPasswordPolicy exsim -Precedence 10 -LockoutThreshold 0 -MaxPasswordAge 365.00:00:00
#   Add-ADFineGrainedPasswordPolicySubject exsim -Subjects exsim-accounts
"""
REMOVE = r"""
# ---------------------------------------------------------------------------------------------------------
# Removes them again, with their Active Directory accounts.  Shows the list first; answer No to keep them.
Get-Mailbox -ResultSize Unlimited -Filter "Alias -like '{prefix}*'" |
    Where-Object {{ $_.Alias -match "^{prefix}\d{{3,}}$" }} | Tee-Object -Variable made |
    Format-Table Alias, PrimarySmtpAddress, Database
$made | Remove-Mailbox -Confirm
"""


def script(count: int, domain: str) -> str:
    """Both scripts, for `count` mailboxes in each database, their addresses in `domain`."""
    values = {"count": count, "domain": domain, "prefix": PREFIX}
    return (MAKE + REMOVE).format(**values)
