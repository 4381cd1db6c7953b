-- Who makes a backup is a process on some host, and gone by the time that another is asked how old the latest one is.
CREATE TABLE backup_moment (
    begun_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_backup_moment PRIMARY KEY (begun_at)
);
GRANT SELECT ON backup_moment TO liuhen_app;
GRANT INSERT ON backup_moment TO liuhen_worker;
