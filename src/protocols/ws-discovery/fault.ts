import { element, envelope } from './envelope.ts';
import type { Probe } from './message.ts';
import { ANONYMOUS } from './names.ts';
import { MATCHING_RULES } from './scopes.ts';

const CODE = 'd:MatchingRuleNotSupported';
const REASON = 'This device does not know the rule in MatchBy.';

/** Refuses a unicast Probe whose MatchBy is unknown (WS-Discovery, section 5; codes in section 7). */
export function buildMatchingRuleFault(probe: Probe, messageId: string): string {
  const detail = element('d:SupportedMatchingRules', MATCHING_RULES.join(' '));
  const body =
    probe.soap === '1.1'
      ? `<s:Fault><faultcode>${CODE}</faultcode><faultstring>${REASON}</faultstring><detail>${detail}</detail></s:Fault>`
      : `<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>${CODE}</s:Value></s:Subcode></s:Code>` +
        `<s:Reason><s:Text xml:lang="en">${REASON}</s:Text></s:Reason><s:Detail>${detail}</s:Detail></s:Fault>`;
  return envelope({ soap: probe.soap, action: 'fault', messageId, to: ANONYMOUS, relatesTo: probe.messageId, body });
}
