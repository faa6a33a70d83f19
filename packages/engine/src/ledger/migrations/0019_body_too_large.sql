-- Why deliveries end whose body would be too large: packages/contract/src/delivery-states.ts says what it means.

alter type postrider.reason add value 'body_too_large';
