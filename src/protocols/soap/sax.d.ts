/** More of the package sax: without `xmlns` it leaves names as they are, which takes a third of the time. */
declare module 'sax' {
  export interface SAXParser {
    onsgmldeclaration: (declaration: string) => void;
    /** Comes before onopentag of its element. */
    onattribute: (attribute: { readonly name: string; readonly value: string }) => void;
  }

  export function parser(strict: true, options: { readonly position: boolean; readonly strictEntities: boolean }): SAXParser;
}
