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
func openIndex(dir string) (*bleve.Index, error) { return bleve.Open(dir, bleve.Options{}) }

// openExisting opens the embedded index for writing, and makes none where there is none.
func openExisting(dir string) (*bleve.Index, error) {
	look, err := bleve.Open(dir, bleve.Options{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	if err := look.Close(); err != nil {
		return nil, err
	}
	return bleve.Open(dir, bleve.Options{})
}
