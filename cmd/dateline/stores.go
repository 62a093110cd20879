package main

import (
	"io"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/bleve"
	"github.com/datelinenews/dateline/pipeline/search"
)

// store keeps records and answers questions about them.
type store interface {
	pipeline.Sink
	search.Searcher
	io.Closer
}

// openIndex opens the embedded index for writing, or makes it.
func openIndex(dir string) (store, error) { return bleve.Open(dir, bleve.Options{}) }
