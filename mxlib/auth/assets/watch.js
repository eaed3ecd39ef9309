// Whenever the page's connection closes: was it because the session is over? Then show the sign-in.
(() => {
  const Plain = window.WebSocket;
  const look = () =>
    fetch("/_stcore/health", { cache: "no-store" }).then(
      (answer) => { if (answer.status === 401) location.reload(); },
      () => setTimeout(look, 2000), // the server, or the way to it, is away
    );
  window.WebSocket = class extends Plain {
    constructor(...given) {
      super(...given);
      this.addEventListener("close", look);
    }
  };
})();
