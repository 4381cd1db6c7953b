-- A fresh key of a month takes every data key along (retention/key_renewal.py). Those of papers could not be written, and
-- so the former key of `permanent` was never destroyed once a paper was under it. What was handed in stays as it is.
GRANT UPDATE (kek_id, wrapped_data_key) ON request_attachment TO liuhen_worker;
