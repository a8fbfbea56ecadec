// What artillery's requests carry, and what their answers are held against; the first wrong one ends the process.
const { readFileSync } = require('node:fs');

const SESSION = JSON.parse(readFileSync(process.env.SESSION));
const ALL = [...SESSION.before, ...SESSION.calls, ...SESSION.after];
let asked = 1e11;  // twelve digits

function judge(step, response) {
  const refused = (response.headers.location || '').includes('logon.aspx');
  const body = String(response.body || '');
  if (![200, 302].includes(response.statusCode) || refused !== (step === 'open')) return 'lost';
  if (response.headers['x-feserver'] !== 'EX16-01') return 'front end';
  if (body.includes('exsim-marker:') && !body.includes('user01@')) return 'wrong mailbox';
  return step === 'service' && !body.includes('"ResponseCode":"NoError"') ? "an error of the application's" : '';
}

function own(canary, number) {
  const now = new Date();
  return {
    'X-OWA-CANARY': canary,
    'X-OWA-ActionId': `-${number}`,
    'X-OWA-CorrelationId': `${SESSION.client_id}_${now.getTime() * 100 + number}`,
    'X-OWA-ClientBegin': now.toISOString().slice(0, -1),
  };
}

exports.dress = (request, context, events, next) => {
  const one = ALL[context.vars.turn];
  asked += 1;
  const id = { 'client-request-id': `8f1c7735-85a9-4000-879e-${asked}` };
  const more = one.step === 'service' ? own(context.vars.canary, context.vars.turn - 3) : {};
  request.headers = Object.assign(request.headers || {}, one.headers, more, id);
  next();
};
exports.held = (request, response, context, events, next) => {
  const { step } = ALL[context.vars.turn];
  const wrong = judge(step, response);
  if (wrong) {
    console.error(request.url, response.statusCode, wrong);
    process.exit(9);
  }
  if (step === 'boot') {
    const line = response.headers['set-cookie'].find((cookie) => cookie.startsWith('X-OWA-CANARY='));
    context.vars.canary = line.slice('X-OWA-CANARY='.length).split(';')[0];
  }
  context.vars.turn += 1;
  next();
};
exports.forget = (context, events, next) => {
  context.vars.turn = 0;
  if (context._jar) context._jar.removeAllCookiesSync();
  next();
};
