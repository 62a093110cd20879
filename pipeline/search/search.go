// Package search holds the questions that an index of records answers, and the shape of the
// answers. Elasticsearch and the embedded index both implement Searcher.
package search

import (
	"context"
	"errors"
	"time"

	"github.com/datelinenews/dateline/pipeline"
)

// ErrNotFound is what Get returns for an unknown ID.
var ErrNotFound = errors.New("no such article")

// Query is a question. All its conditions must hold; the zero Query asks for every article.
type Query struct {
	// Words are searched in title and text; words in double quotes are a phrase.
	Words string
	// Persons, Organisations, Places and Speakers are names or acronyms, in any case; an article
	// must have each of them. A part of a name that is a word of it matches ("Cummings").
	Persons       []string
	Organisations []string
	Places        []string
	Speakers      []string
	// Sources are exact; any of them.
	Sources []string
	// From and To are a half-open interval that must overlap a date the article mentions, or hold
	// its publication time. Zero is open.
	From, To time.Time
	// Sort is ByRelevance or ByTime.
	Sort Sort
	// Offset and Limit page through the hits. A Limit of 0 is 10.
	Offset, Limit int
	// Facets asks for the most frequent values of each facet; 0 for none.
	Facets int
}

// Sort is an order of hits.
type Sort string

// The orders.
const (
	ByRelevance Sort = ""     // best first; newest first where there are no words to rank by
	ByTime      Sort = "time" // newest first
)

// Results is an answer.
type Results struct {
	// Total counts all hits.
	Total int   `json:"total"`
	Hits  []Hit `json:"hits"`
	// Facets has a list for each of "person", "organisation", "place", "speaker" and "source",
	// most frequent first; nil where none were asked for.
	Facets map[string][]Count `json:"facets,omitempty"`
}

// Hit is one article.
type Hit struct {
	Record pipeline.Record `json:"record"`
	Score  float64         `json:"score"`
	// Snippets are stretches of the text around the words asked for, with the words between
	// MarkStart and MarkEnd.
	Snippets []string `json:"snippets,omitempty"`
}

// Marks around the found words in a Snippet: private-use characters, which no text should hold,
// so that a page can escape the snippet first and then mark it.
const (
	MarkStart = "\ue000"
	MarkEnd   = "\ue001"
)

// Count is a value of a facet, and the number of articles with it.
type Count struct {
	Value string `json:"value"`
	Count int    `json:"count"`
}

// Searcher answers questions.
type Searcher interface {
	Search(ctx context.Context, q Query) (*Results, error)
	// Get returns the record with the ID, or an error that is ErrNotFound.
	Get(ctx context.Context, id string) (*pipeline.Record, error)
}
