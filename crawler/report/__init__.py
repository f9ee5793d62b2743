"""Reports, one module a format; a format's module is imported when it is used."""
