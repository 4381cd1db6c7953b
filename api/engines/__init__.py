"""The engines of an archive on one box: started as child processes, watched, ended without leaving anything behind."""
