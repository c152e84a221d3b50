// The login form. It works without script as well: this makes it easier to fill in.

const user = document.querySelector<HTMLInputElement>('#username');
const password = document.querySelector<HTMLInputElement>('#password');
const button = document.querySelector<HTMLButtonElement>('#showPassword');

// The first field to be filled takes the keyboard, as nothing else on the page does: after a wrong password that is the password.
(user?.value === '' ? user : password)?.focus();

function show(visible: boolean): void {
  if (!password || !button) return;
  password.type = visible ? 'text' : 'password';
  button.setAttribute('aria-pressed', String(visible));
}

if (password && button) {
  button.hidden = false;
  button.addEventListener('click', () => {
    show(password.type === 'password');
    password.focus();
  });
  // Browsers remember only what is hidden, and what stays in the page is for nobody's eyes.
  password.form?.addEventListener('submit', () => show(false));
}

// Makes this file a module.
export {};
