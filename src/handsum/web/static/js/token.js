// Takes the token out of the address, so that no copied link has it; a cookie keeps it.

const { pathname, search, hash } = location;
if (new URLSearchParams(search).has("token")) history.replaceState(null, "", pathname + hash);
