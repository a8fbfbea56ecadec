// k6: the session of 25 requests with the checks of the other clients; a failed check ends the run.
import http from 'k6/http';
import exec from 'k6/execution';

const URL = __ENV.URL;
const CALLS = 18;
const PARALLEL = Number(__ENV.PARALLEL || 1);
const HEADERS = {
  'User-Agent': 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36',
  Accept: '*/*',
  'Accept-Language': 'en-US,en;q=0.9',
  'X-OWA-ActionName': 'FindItem',
  'Content-Type': 'application/json; charset=utf-8',
};

export const options = {
  vus: Number(__ENV.USERS || 20),
  duration: `${__ENV.SECONDS}s`,
  maxRedirects: 0,
  batchPerHost: PARALLEL,
};

function check(name, response) {
  const refused = (response.headers.Location || '').includes('logon.aspx');
  const body = response.body || '';
  let wrong = '';
  if ((response.status !== 200 && response.status !== 302) || refused !== (name === 'open')) wrong = 'lost';
  else if (response.headers['X-Feserver'] !== 'EX16-01') wrong = 'front end';
  else if (body.includes('exsim-marker:') && !body.includes('user01@')) wrong = 'wrong mailbox';
  if (wrong) exec.test.abort(`${name}: ${wrong}`);
}

function send(method, path, name, body) {
  check(name, http.request(method, URL + path, body, { headers: HEADERS, redirects: 0, tags: { name } }));
}

function service(number) {
  return ['POST', `${URL}/owa/service.svc?action=FindItem&ID=-${number}`, '{}',
    { headers: HEADERS, redirects: 0, tags: { name: 'service' } }];
}

export default function session() {
  send('GET', '/owa/', 'open', null);
  send('GET', '/owa/auth/logon.aspx?reason=0&replaceCurrent=1', 'logon_form', null);
  send('POST', '/owa/auth.owa', 'logon', 'username=x&password=y');
  send('GET', '/owa/', 'boot', null);
  if (PARALLEL > 1) {
    for (const response of http.batch([...Array(CALLS).keys()].map(service))) check('service', response);
  } else {
    for (let n = 0; n < CALLS; n++) check('service', http.request(...service(n)));
  }
  for (let n = 0; n < 2; n++) send('POST', `/owa/ev.owa2?UA=0&n=${n}`, 'channel', '');
  send('GET', '/owa/logoff.owa', 'logoff', null);
}
