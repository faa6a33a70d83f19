-- Why deliveries end, where the endpoint's own verdict rules, filters, lists or the guard of personal data decide:
-- packages/contract/src/delivery-states.ts says what each means.

alter type postrider.reason add value 'accepted_by_rule';
alter type postrider.reason add value 'duplicate';
alter type postrider.reason add value 'refused_by_rule';
alter type postrider.reason add value 'rejected_by_rule';
alter type postrider.reason add value 'not_accepted';
alter type postrider.reason add value 'verdict_unknown';
alter type postrider.reason add value 'invalid_value';
alter type postrider.reason add value 'delimiter_in_value';
alter type postrider.reason add value 'too_many_items';
alter type postrider.reason add value 'personal_data';
alter type postrider.reason add value 'no_items';
