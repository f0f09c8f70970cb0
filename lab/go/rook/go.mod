module lakecheck.lab/rook

go 1.26

require github.com/rook/rook v1.14.0
