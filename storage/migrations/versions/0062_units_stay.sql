-- A unit that could be moved by whoever signs in could be moved out of sight of those above it, under row security by
-- its own people: below itself, where no unit is above it any more. Only what acts for nobody moves units.
REVOKE UPDATE (parent_id) ON unit FROM liuhen_app;
GRANT UPDATE (parent_id) ON unit TO liuhen_worker;
ALTER TABLE unit ADD CONSTRAINT ck_unit_parent CHECK (parent_id <> id);
