// k6: the session of 25 requests with the checks of the other clients; a failed check ends the run.
import http from 'k6/http';
import exec from 'k6/execution';

const URL = __ENV.URL;
const PARALLEL = Number(__ENV.PARALLEL || 1);
const SESSION = JSON.parse(open(__ENV.SESSION));
let asked = 1e11 + __VU * 1e8;  // twelve digits, no two alike

export const options = {
  vus: Number(__ENV.USERS || 20),
  duration: `${__ENV.SECONDS}s`,
  maxRedirects: 0,
  batchPerHost: PARALLEL,
};

function check(step, response) {
  const refused = (response.headers.Location || '').includes('logon.aspx');
  const body = response.body || '';
  let wrong = '';
  if ((response.status !== 200 && response.status !== 302) || refused !== (step === 'open')) wrong = 'lost';
  else if (response.headers['X-Feserver'] !== 'EX16-01') wrong = 'front end';
  else if (body.includes('exsim-marker:') && !body.includes('user01@')) wrong = 'wrong mailbox';
  else if (step === 'service' && !body.includes('"ResponseCode":"NoError"')) wrong = "an error of the application's";
  if (wrong) exec.test.abort(`${step}: ${wrong}`);
}

function parameters(one, own) {
  asked += 1;
  const id = { 'client-request-id': `8f1c7735-85a9-4000-879e-${asked}` };
  return { headers: Object.assign({}, one.headers, own, id), redirects: 0, tags: { name: one.step } };
}

function send(one) {
  check(one.step, http.request(one.method, URL + one.path, one.body || null, parameters(one, {})));
}

function service(one, index, canary) {
  const now = new Date();
  const number = index + 1;
  return [one.method, URL + one.path, one.body || null, parameters(one, {
    'X-OWA-CANARY': canary,
    'X-OWA-ActionId': `-${number}`,
    'X-OWA-CorrelationId': `${SESSION.client_id}_${now.getTime() * 100 + number}`,
    'X-OWA-ClientBegin': now.toISOString().slice(0, -1),
  })];
}

export default function session() {
  SESSION.before.forEach(send);
  const canary = http.cookieJar().cookiesForURL(`${URL}/owa/`)['X-OWA-CANARY'][0];
  if (PARALLEL > 1) {
    const calls = SESSION.calls.map((one, index) => service(one, index, canary));
    for (const response of http.batch(calls)) check('service', response);
  } else {
    SESSION.calls.forEach((one, index) => check('service', http.request(...service(one, index, canary))));
  }
  SESSION.after.forEach(send);
}
