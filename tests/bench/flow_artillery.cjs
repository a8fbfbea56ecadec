// What every answer of artillery's session is held against; the first wrong one ends the process.
const HEADERS = {
  'User-Agent': 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36',
  Accept: '*/*',
  'Accept-Language': 'en-US,en;q=0.9',
  'Content-Type': 'application/json; charset=utf-8',
};

function judge(response, anonymous) {
  const refused = (response.headers.location || '').includes('logon.aspx');
  const body = String(response.body || '');
  if (![200, 302].includes(response.statusCode) || refused !== anonymous) return 'lost';
  if (response.headers['x-feserver'] !== 'EX16-01') return 'front end';
  return body.includes('exsim-marker:') && !body.includes('user01@') ? 'wrong mailbox' : '';
}

function held(anonymous) {
  return (request, response, context, events, next) => {
    const wrong = judge(response, anonymous);
    if (wrong) {
      console.error(request.url, response.statusCode, wrong);
      process.exit(9);
    }
    next();
  };
}

exports.open = held(true);
exports.check = held(false);
exports.dress = (request, context, events, next) => {
  request.headers = Object.assign(request.headers || {}, HEADERS);
  next();
};
exports.forget = (context, events, next) => {
  if (context._jar) context._jar.removeAllCookiesSync();
  next();
};
