-- Always empty: what readiness writes here and takes back shows whether there is room (routines/readiness.sql).
create table postrider.room (filler name not null);
