// Package testdata holds news articles with their gold annotation, for tests, benchmarks and a
// first run. Every event, organisation and person in them is invented; countries and cities are
// real.
package testdata

import "embed"

// Articles has one article a file, or several in a .jsonl, in each form that is read: articles/*.
//
//go:embed articles
var Articles embed.FS

// Gold has annotated articles, a JSON line each, in the form that extractor/eval reads: gold/*.jsonl.
//
//go:embed gold/*.jsonl
var Gold embed.FS
