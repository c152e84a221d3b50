/** The environment variable that names the file in which tests say what client they ran, a line of JSON each. */
export const REPORT_VARIABLE = 'CLIENTS_REPORT';
