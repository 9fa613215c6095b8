"""What an archive is made of: records in segments, the signed chain of entries that ties them, the files of both."""
