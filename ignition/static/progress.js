// Follows what the server does and says it in the live region; without it the page reloads by itself.
(() => {
  "use strict";
  const said = document.getElementById("said");
  const tasks = document.getElementById("tasks");
  const words = { done: "done", now: "now", ahead: "to come" };
  let shown = said.textContent.trim();

  const show = (progress) => {
    if (progress.said !== shown && tasks.dataset.phase !== "busy") {
      said.textContent = shown = progress.said;
    }
    for (const task of progress.tasks) {
      const row = tasks.querySelector(`[data-task="${task.name}"]`);
      if (row && row.className !== task.mark) {
        row.className = task.mark;
        row.querySelector(".state").textContent = words[task.mark];
      }
    }
    const over = tasks.dataset.phase === "busy" ? progress.state === "running" : progress.phase !== tasks.dataset.phase;
    if (over) {
      location.replace(location.pathname);
      return true;
    }
    return false;
  };

  const ask = async () => {
    try {
      const answer = await fetch("/apply/progress", { cache: "no-store", credentials: "same-origin" });
      if (answer.ok && show(await answer.json())) {
        return;
      }
    } catch {
      // The server restarts: ask again.
    }
    setTimeout(ask, 500);
  };
  setTimeout(ask, 300);
})();
