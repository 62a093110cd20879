package bleve

import (
	"fmt"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/analysis/analyzer/custom"
	"github.com/blevesearch/bleve/v2/analysis/analyzer/keyword"
	"github.com/blevesearch/bleve/v2/analysis/char/asciifolding"
	"github.com/blevesearch/bleve/v2/analysis/lang/en"
	"github.com/blevesearch/bleve/v2/analysis/token/lowercase"
	"github.com/blevesearch/bleve/v2/analysis/token/porter"
	"github.com/blevesearch/bleve/v2/analysis/tokenizer/unicode"
	"github.com/blevesearch/bleve/v2/mapping"
	index "github.com/blevesearch/bleve_index_api"
)

// The fields. An article and each of its quotes are documents of one index, so that one batch, which
// is atomic, holds them all.
const (
	fieldKind         = "kind"         // kindArticle or kindQuote
	fieldID           = "id"           // the article's
	fieldIndex        = "index"        // the quote's among the article's
	fieldText         = "text"         // an article's, title and body
	fieldTitle        = "title"        // an article's
	fieldWords        = "words"        // a quote's
	fieldDays         = "days"         // see days.go
	fieldPublished    = "published"    // Unix milliseconds
	fieldOrder        = "order"        // as fieldPublished, and noTime where that is missing: to sort by
	fieldKeys         = "keys"         // the entities'
	fieldBy           = "by"           // keys of an article's or a quote's speakers
	fieldAliases      = "aliases"      // see search.Labelled
	fieldRoles        = "roles"        // see search.Labelled
	fieldAffiliations = "affiliations" // likewise
	fieldValues       = "values"       // TIMEX3 values of the dates mentioned
	fieldCue          = "cue"          // a quote's, in lower case
	fieldQuoteKind    = "quote_kind"
	fieldRecord       = "record"   // stored: the record or the search.QuoteHit
	fieldRevision     = "revision" // stored
	fieldQuotes       = "quotes"   // stored: how many there are
	fieldLanguage     = "language" // an article's
	fieldVersion      = "version"  // an article's, of the extraction
	fieldCluster      = "cluster"  // stored: see copies.go
	fieldFold         = "fold"     // stored: what folded answers have once
	fieldFirst        = "first"    // an article's: isFirst, or missing
	fieldBands        = "bands"    // an article's, of its fingerprint
	fieldPrint        = "print"    // stored: an article's fingerprint

	fieldPublishedAt = "published_at" // stored: Unix microseconds

	kindArticle = "article"
	kindQuote   = "quote"

	// The names' fields are the facets' names; with this suffix they are searched.
	suffixForms = "_forms"
)

// The analysers. English text is stemmed, and stop words are kept: "said on Monday" is a phrase that
// people look for. Names are not stemmed.
const (
	analyserText  = "dateline_text"
	analyserNames = "dateline_names"
)

func newMapping() (*mapping.IndexMappingImpl, error) {
	m := bleve.NewIndexMapping()
	for name, filters := range map[string][]string{
		analyserText:  {en.PossessiveName, lowercase.Name, porter.Name},
		analyserNames: {lowercase.Name},
	} {
		err := m.AddCustomAnalyzer(name, map[string]any{
			"type": custom.Name, "char_filters": []string{asciifolding.Name}, "tokenizer": unicode.Name, "token_filters": filters,
		})
		if err != nil {
			return nil, fmt.Errorf("add analyser %s: %w", name, err)
		}
	}
	doc := bleve.NewDocumentStaticMapping()
	searched := func(name, analyser string) {
		f := bleve.NewTextFieldMapping()
		f.Analyzer, f.Store, f.DocValues, f.IncludeInAll = analyser, false, false, false
		doc.AddFieldMappingsAt(name, f)
	}
	exact := func(name string, values bool) {
		f := bleve.NewTextFieldMapping()
		f.Analyzer, f.Store, f.DocValues, f.IncludeInAll, f.IncludeTermVectors = keyword.Name, false, values, false, false
		doc.AddFieldMappingsAt(name, f)
	}
	number := func(name string) {
		f := bleve.NewNumericFieldMapping()
		f.Store, f.DocValues, f.IncludeInAll = false, true, false
		doc.AddFieldMappingsAt(name, f)
	}
	stored := func(name string) {
		f := bleve.NewTextFieldMapping()
		f.Analyzer, f.Index, f.DocValues, f.IncludeInAll, f.IncludeTermVectors = keyword.Name, false, false, false, false
		doc.AddFieldMappingsAt(name, f)
	}
	for _, name := range []string{fieldText, fieldTitle, fieldWords} {
		searched(name, analyserText)
	}
	for _, name := range namesFields() {
		exact(name, true)
		searched(name+suffixForms, analyserNames)
	}
	exact(facetSource, true)
	exact(fieldKind, false)
	exact(fieldID, true)
	exact(fieldDays, false)
	for _, name := range []string{fieldKeys, fieldAliases, fieldRoles, fieldAffiliations, fieldValues} {
		exact(name, true)
	}
	for _, name := range []string{fieldBy, fieldCue, fieldQuoteKind} {
		exact(name, false)
	}
	exact(fieldFirst, false)
	exact(fieldBands, false)
	for _, name := range []string{fieldCluster, fieldFold} {
		f := bleve.NewTextFieldMapping()
		f.Analyzer, f.Store, f.DocValues, f.IncludeInAll, f.IncludeTermVectors = keyword.Name, true, true, false, false
		doc.AddFieldMappingsAt(name, f)
	}
	exact(fieldLanguage, true)
	exact(fieldVersion, true)
	number(fieldIndex)
	number(fieldPublished)
	number(fieldOrder)
	for _, name := range []string{fieldRecord, fieldRevision, fieldQuotes, fieldPrint, fieldPublishedAt} {
		stored(name)
	}
	m.DefaultMapping = doc
	m.DefaultAnalyzer = keyword.Name
	m.ScoringModel = index.BM25Scoring
	return m, nil
}
