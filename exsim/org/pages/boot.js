// What the start page does, in little: session data, a first round of calls side by side, then a call
// now and then; and where a call is refused, the way to the logon page.
// For a real browser in front of the simulated organisation; flows have their own client.
window.Program = { main: function () {} };
window.StartPage = {
	round: ["GetFolderMruConfiguration", "GetOwaUserConfiguration", "GetReminders", "FindFolder", "FindConversation", "FindItem"],
	number: 0,
	state: function (word) { document.body.setAttribute("data-state", word); },
	canary: function () {
		var found = /(?:^|; )X-OWA-CANARY=([^;]*)/.exec(document.cookie);
		return found ? found[1] : "";
	},
	thrownOut: function () {
		if (this.gone) return;
		this.gone = true;
		this.state("thrown-out");
		window.location.replace("/owa/");
	},
	post: function (target, headers) {
		var page = this;
		return fetch(target, { method: "POST", credentials: "same-origin", headers: headers }).then(function (answer) {
			if (answer.status === 440 || answer.url.indexOf("/auth/logon.aspx") > 0) page.thrownOut();
			return answer;
		});
	},
	call: function (action, background) {
		var id = String(--this.number);
		var target = "/owa/service.svc?action=" + action + "&EP=1&ID=" + id + "&AC=1" + (background ? "&UA=0" : "");
		return this.post(target, {
			"Action": action, "X-OWA-ActionName": action + "Action", "X-OWA-ActionId": id, "X-OWA-Attempt": "1",
			"X-OWA-CANARY": this.canary(), "X-OWA-UrlPostData": "%7B%7D", "X-Requested-With": "XMLHttpRequest"
		});
	},
	start: function () {
		var page = this;
		page.state("starting");
		page.post("/owa/sessiondata.ashx?appcacheclient=0", {}).then(function () {
			return Promise.all(page.round.map(function (action) { return page.call(action, false); }));
		}).then(function () {
			if (page.gone) return;
			page.state("ready");
			window.setInterval(function () { page.call("FindItem", true); }, 3000);
		});
	}
};
