// Package search holds the questions that an index of records answers, and the shape of the
// answers. Elasticsearch and the embedded index both implement Searcher, and answer alike: what
// decides an answer and need not be an engine's own is here (Document, Query.Clauses, Snippets).
package search

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/datelinenews/dateline/extractor/quote"
	"github.com/datelinenews/dateline/pipeline"
)

// ErrNotFound is what Get returns for an unknown ID.
var ErrNotFound = errors.New("no such article")

// ErrQuery is what Search and Quotes wrap for a question that can't be asked.
var ErrQuery = errors.New("bad query")

// Window is the most hits that can be paged through: Offset and Limit together.
const Window = 10_000

// DefaultLimit is the number of hits where Limit is 0.
const DefaultLimit = 10

// Query is a question. All its conditions must hold; the zero Query asks for everything.
type Query struct {
	// Words are searched in an article's title and text, or in a quote's words. Each must occur,
	// by its English stem and whatever its case and accents; words in double quotes are a phrase;
	// a word or phrase after a minus must not occur.
	Words string
	// Persons, Organisations, Places and Speakers are names or acronyms, in any case and with or
	// without accents; an article must have each of them. Any form in which the article names
	// them matches, and so do words of it that stand together ("Cummings").
	Persons       []string
	Organisations []string
	Places        []string
	Speakers      []string
	// Sources are exact; any of them.
	Sources []string
	// Entities are groups of keys (pipeline.Record's entities'): an article must have, of each
	// group, at least one. A group is more than one key where several stand for one entity.
	Entities [][]string
	// SpeakerKeys are keys of speakers: a quote's speaker, or one of an article's, must be any of
	// them.
	SpeakerKeys []string
	// Cues and Kinds are of quotes, exact but for the case of cues: any of them. They say nothing
	// about articles.
	Cues  []string
	Kinds []string
	// Cluster, where set, asks for the copies of one story; see pipeline.Record.
	Cluster string
	// Fold gives of each story's copies only the hit that comes first, and of quotes each only once
	// among the copies. Total then counts stories, in Elasticsearch to within a hundredth; facets
	// still count all. A folded answer is paged through by Offset.
	Fold bool
	// Not is what must not hold: none of its names and sources.
	Not Exclusion
	// From and To are a half-open interval of whole UTC days: From counts from the start of its
	// day, To to the end of its day unless it is a day's start. Zero is open.
	From, To time.Time
	// Dates says which dates From and To are about.
	Dates Dates
	// Sort is ByRelevance or ByTime.
	Sort Sort
	// Offset and Limit page through the hits, up to Window. A Limit of 0 is DefaultLimit.
	Offset, Limit int
	// After is the Next of an earlier answer to the same question: the hits go on behind it, beyond
	// Window too. Offset is then 0.
	After string
	// Facets asks for so many of the most frequent values of each facet; 0 for none.
	Facets int
}

// Exclusion is names and sources that a query's hits don't have. Names match as in Query.
type Exclusion struct {
	Persons, Organisations, Places, Speakers, Sources []string
}

// Dates is what a query's interval is about.
type Dates string

// What an interval can be about.
const (
	AnyDate   Dates = ""          // a date mentioned overlaps it, or it holds the publication time
	Mentioned Dates = "mentioned" // a date mentioned overlaps it
	Published Dates = "published" // it holds the publication time
)

// Sort is an order of hits.
type Sort string

// The orders. Hits that are equal in one are in the order of their IDs, and what has no publication
// time comes last.
const (
	ByRelevance Sort = ""     // best first; newest first where there are no words to rank by
	ByTime      Sort = "time" // newest first
)

// Validate returns an error that is ErrQuery where the question can't be asked.
func (q *Query) Validate() error {
	switch {
	case q.Offset < 0 || q.Limit < 0 || q.Facets < 0:
		return fmt.Errorf("%w: offset, limit and facets can't be negative", ErrQuery)
	case q.After != "" && q.Fold:
		return fmt.Errorf("%w: a folded answer is paged through by its offset", ErrQuery)
	case q.After != "" && q.Offset != 0:
		return fmt.Errorf("%w: a place to go on from and an offset at once", ErrQuery)
	case q.Offset+q.PageSize() > Window:
		return fmt.Errorf("%w: hits beyond the first %d can't be paged to: narrow the query, by dates for example", ErrQuery, Window)
	case q.Facets > 1000:
		return fmt.Errorf("%w: %d values of each facet, at most 1000", ErrQuery, q.Facets)
	case q.Sort != ByRelevance && q.Sort != ByTime:
		return fmt.Errorf("%w: unknown sort %q: want %q or nothing", ErrQuery, q.Sort, ByTime)
	case q.Dates != AnyDate && q.Dates != Mentioned && q.Dates != Published:
		return fmt.Errorf("%w: unknown dates %q: want %q, %q or nothing", ErrQuery, q.Dates, Mentioned, Published)
	case !q.From.IsZero() && !q.To.IsZero() && !q.To.After(q.From):
		return fmt.Errorf("%w: the interval from %s to %s is empty: the end is not part of it", ErrQuery,
			q.From.Format(time.DateOnly), q.To.Format(time.DateOnly))
	}
	return nil
}

// PageSize is Limit, or its default.
func (q *Query) PageSize() int {
	if q.Limit == 0 {
		return DefaultLimit
	}
	return q.Limit
}

// Days are From and To widened to whole UTC days; zero where they are.
func (q *Query) Days() (from, to time.Time) {
	const day = 24 * time.Hour
	if !q.From.IsZero() {
		from = q.From.UTC().Truncate(day)
	}
	if !q.To.IsZero() {
		to = q.To.UTC().Truncate(day)
		if to.Before(q.To) {
			to = to.Add(day)
		}
	}
	return from, to
}

// Results is an answer of articles.
type Results struct {
	// Total counts all hits.
	Total int   `json:"total"`
	Hits  []Hit `json:"hits"`
	// Next is where the hits go on (Query.After); empty where there are no more.
	Next string `json:"next,omitempty"`
	// Facets has a list for each of FacetNames, most frequent first and then by value; nil where
	// none were asked for.
	Facets map[string][]Count `json:"facets,omitempty"`
}

// Hit is one article.
type Hit struct {
	Record pipeline.Record `json:"record"`
	// Score is the engine's own, comparable within one answer only.
	Score float64 `json:"score"`
	// Copies is how many more articles a folded answer has of the same story; see Query.Fold.
	Copies int `json:"copies,omitempty"`
	// Snippets are stretches of the text around the words asked for, with the words between
	// MarkStart and MarkEnd.
	Snippets []string `json:"snippets,omitempty"`
}

// QuoteResults is an answer of quotes.
type QuoteResults struct {
	// Total counts all hits.
	Total int        `json:"total"`
	Hits  []QuoteHit `json:"hits"`
	// Next is as in Results.
	Next string `json:"next,omitempty"`
	// Facets are as in Results, but they count quotes, and of the speakers only the quotes' own.
	Facets map[string][]Count `json:"facets,omitempty"`
}

// QuoteHit is one quote and where it stands.
type QuoteHit struct {
	// Article is the article's ID, and Index the quote's among its quotes.
	Article string `json:"article"`
	Index   int    `json:"index"`
	URL     string `json:"url,omitempty"`
	Title   string `json:"title,omitempty"`
	Source  string `json:"source,omitempty"`
	// Published is absent where unknown.
	Published time.Time `json:"published,omitzero"`
	// Speaker is the name of the speaker, or the words that stand for one who has no name, or
	// empty.
	Speaker string `json:"speaker,omitempty"`
	// SpeakerKey, SpeakerType, SpeakerRole and SpeakerAffiliation are the entity's; empty where there is
	// none.
	SpeakerKey         string      `json:"speaker_key,omitempty"`
	SpeakerType        string      `json:"speaker_type,omitempty"`
	SpeakerRole        string      `json:"speaker_role,omitempty"`
	SpeakerAffiliation string      `json:"speaker_affiliation,omitempty"`
	Quote              quote.Quote `json:"quote"`
	Score              float64     `json:"score"`
	// Snippets are as in Hit, of the quote's words.
	Snippets []string `json:"snippets,omitempty"`
}

// Marks around the found words in a snippet: private-use characters, which no text should hold,
// so that a page can escape the snippet first and then mark it. Where a text does hold them,
// they are left out of its snippets.
const (
	MarkStart = "\ue000"
	MarkEnd   = "\ue001"
)

// Count is a value of a facet, and the number of hits with it.
type Count struct {
	Value string `json:"value"`
	Count int    `json:"count"`
}

// The names of the facets.
const (
	FacetPerson       = "person"
	FacetOrganisation = "organisation"
	FacetPlace        = "place"
	FacetSpeaker      = "speaker"
	FacetSource       = "source"
)

// FacetNames lists the facets in the order in which reports show them.
func FacetNames() []string {
	return []string{FacetPerson, FacetOrganisation, FacetPlace, FacetSpeaker, FacetSource}
}

// Searcher answers questions. It is safe for concurrent use.
type Searcher interface {
	// Search returns the articles that a query asks for. An error that is ErrQuery says that it
	// can't be asked.
	Search(ctx context.Context, q Query) (*Results, error)
	// Quotes returns the quotes that a query asks for: its Words are the quote's, its Speakers the
	// quote's speaker, all else the article's.
	Quotes(ctx context.Context, q Query) (*QuoteResults, error)
	// Get returns the record with the ID, or an error that is ErrNotFound. The record's Revision
	// is set.
	Get(ctx context.Context, id string) (*pipeline.Record, error)
}
