package main

import (
	"fmt"
	"strconv"

	"github.com/datelinenews/dateline/extractor"
	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/extractor/prosev2"
	"github.com/datelinenews/dateline/extractor/prosev3"
	"github.com/datelinenews/dateline/extractor/text"
)

// newExtractor loads the engine that the settings name.
func newExtractor(s *extractionSettings) (*extractor.Extractor, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	var opts extractor.Options
	var err error
	switch s.Engine {
	case prosev2.Name:
		opts.Finder, err = prosev2.New()
		opts.FinderName = prosev2.Name
	case prosev3.Name:
		opts.Finder, err = prosev3.New()
		opts.FinderName = prosev3.Name
	default:
		opts.Finder, err = ner.New()
	}
	if err != nil {
		return nil, fmt.Errorf("load engine %s: %w", s.Engine, err)
	}
	if s.MinScore > 0 {
		opts.Finder = sure{opts.Finder, s.MinScore}
		opts.FinderName += ">=" + strconv.FormatFloat(s.MinScore, 'g', -1, 64)
	}
	return extractor.New(opts)
}

// sure leaves out names whose score is under least, before entities and speakers are made of them.
type sure struct {
	ner.Finder
	least float64
}

func (f sure) Find(doc *text.Doc) []ner.Mention {
	found := f.Finder.Find(doc)
	kept := found[:0]
	for _, m := range found {
		if m.Score >= f.least {
			kept = append(kept, m)
		}
	}
	return kept
}
