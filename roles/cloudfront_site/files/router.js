// SPDX-License-Identifier: GPL-3.0-or-later
// Runs at the edge for requests of the default behavior, before the cache is asked. A path of the application's own
// router (/orders/17) has no extension and gets the document; a file that is missing stays missing, which an error page
// mapped to index.html would hide.
function handler(event) {
  var request = event.request;
  var uri = request.uri;
  // Files without an extension that others look for by name, and what is the API's whether or not there is one.
  if (uri.startsWith('/.well-known/') || uri === '/api' || uri.startsWith('/api/')) {
    return request;
  }
  if (!uri.slice(uri.lastIndexOf('/')).includes('.')) {
    request.uri = '/index.html';
  }
  return request;
}
