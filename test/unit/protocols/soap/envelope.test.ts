import { describe, expect, test } from '@jest/globals';
import { contentTypeOf, statusOf, writeFault } from '../../../../src/protocols/soap/envelope.ts';
import { SoapFault } from '../../../../src/protocols/soap/fault.ts';
import { escapeXml, toXmlText } from '../../../../src/protocols/xml/text.ts';

const FAULT = new SoapFault('Sender', ['InvalidArgVal', 'NoProfile'], 'There is no profile "<&>\u0000".');

describe('faults', () => {
  test('of SOAP 1.2 nest their subcodes and have a language', () => {
    expect(writeFault(FAULT, '1.2')).toBe(
      '<?xml version="1.0" encoding="utf-8"?><env:Envelope xmlns:env="http://www.w3.org/2003/05/soap-envelope" xmlns:ter="http://www.onvif.org/ver10/error">' +
        '<env:Body><env:Fault><env:Code><env:Value>env:Sender</env:Value><env:Subcode><env:Value>ter:InvalidArgVal</env:Value>' +
        '<env:Subcode><env:Value>ter:NoProfile</env:Value></env:Subcode></env:Subcode></env:Code>' +
        '<env:Reason><env:Text xml:lang="en">There is no profile &quot;&lt;&amp;&gt;&quot;.</env:Text></env:Reason></env:Fault></env:Body></env:Envelope>',
    );
  });

  test('of SOAP 1.1 carry them in the detail', () => {
    expect(writeFault(FAULT, '1.1')).toBe(
      '<?xml version="1.0" encoding="utf-8"?><env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/" xmlns:ter="http://www.onvif.org/ver10/error">' +
        '<env:Body><env:Fault><faultcode>env:Client</faultcode><faultstring>There is no profile &quot;&lt;&amp;&gt;&quot;.</faultstring>' +
        '<detail><ter:InvalidArgVal><ter:NoProfile></ter:NoProfile></ter:InvalidArgVal></detail></env:Fault></env:Body></env:Envelope>',
    );
  });

  test('without subcodes', () => {
    expect(writeFault(new SoapFault('VersionMismatch', [], 'x'), '1.2')).toContain(
      '<env:Code><env:Value>env:VersionMismatch</env:Value></env:Code>',
    );
  });

  test('can be written any number of times', () => {
    expect(writeFault(FAULT, '1.2')).toBe(writeFault(FAULT, '1.2'));
  });

  test.each([
    ['Sender', 400],
    ['Receiver', 500],
    ['MustUnderstand', 500],
    ['VersionMismatch', 500],
  ] as const)('%s is HTTP %d in SOAP 1.2 and 500 in SOAP 1.1', (code, status) => {
    expect(statusOf(new SoapFault(code, [], ''), '1.2')).toBe(status);
    expect(statusOf(new SoapFault(code, [], ''), '1.1')).toBe(500);
  });
});

test('each version has its media type', () => {
  expect(contentTypeOf('1.2')).toBe('application/soap+xml; charset=utf-8');
  expect(contentTypeOf('1.1')).toBe('text/xml; charset=utf-8');
});

describe('text', () => {
  test('is escaped so that white space survives', () => {
    expect(escapeXml('a<b>&"c"\t\r\n')).toBe('a&lt;b&gt;&amp;&quot;c&quot;&#9;&#13;&#10;');
  });

  test('loses what XML cannot carry, and no more', () => {
    expect(toXmlText('a\u0000\u001f\ufffe\ud800b')).toBe('ab');
    expect(toXmlText('é😀\t\u00a0')).toBe('é😀\t\u00a0');
  });
});
