module lakecheck.lab/pause

go 1.26
