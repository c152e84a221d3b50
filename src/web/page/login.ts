// The first field takes the keyboard, as nothing else on the page does; without script a click or Tab does the same.
document.querySelector<HTMLInputElement>('#username')?.focus();
