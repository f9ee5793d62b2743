// Requests to the API: JSON in and out, with the CSRF token of the page.

export class ApiError extends Error {
  constructor(status, problem) {
    super(problem.detail);
    this.status = status;
    this.code = problem.code;
  }
}

let csrf = document.querySelector("meta[name=csrf-token]").content;

// Send a request and return the JSON of the response; throw ApiError with a text for the visitor.
export async function api(method, path, body) {
  let response = await send(method, path, body);
  if (response.status === 403 && (await code(response)) === "csrf") {
    csrf = (await api("GET", "/api/v1/session")).csrf_token; // the server was restarted
    response = await send(method, path, body);
  }
  if (response.ok) return response.status === 204 ? null : response.json();
  throw new ApiError(response.status, await response.json());
}

function send(method, path, body) {
  const headers = method === "GET" ? {} : { "X-CSRF-Token": csrf };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  return fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
}

async function code(response) {
  return (await response.clone().json()).code;
}
