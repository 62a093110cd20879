package elastic

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/copies"
	"github.com/datelinenews/dateline/pipeline/search"
)

// monthLayout is how a month's indices end, and undated how those of what has no publication time.
const (
	monthLayout = "2006.01"
	undated     = "undated"
)

// document is the fields of an article that its mentions and quotes have too.
type document struct {
	Timestamp     time.Time  `json:"@timestamp,omitzero"`
	Article       article    `json:"article"`
	URL           *link      `json:"url,omitempty"`
	People        []string   `json:"people,omitempty"`
	Organisations []string   `json:"organisations,omitempty"`
	Places        []string   `json:"places,omitempty"`
	Speakers      []string   `json:"speakers,omitempty"`
	Entities      []string   `json:"entities,omitempty"`
	SpeakerKeys   []string   `json:"speaker_keys,omitempty"`
	Aliases       []string   `json:"aliases,omitempty"`
	Roles         []string   `json:"roles,omitempty"`
	Affiliations  []string   `json:"affiliations,omitempty"`
	Names         names      `json:"names"`
	Dates         []interval `json:"dates,omitempty"`
	DateValues    []string   `json:"date_values,omitempty"`
	Text          string     `json:"text,omitempty"`
	Entity        *entity    `json:"entity,omitempty"`
	Sentences     []string   `json:"sentences,omitempty"`
	Quote         *quotation `json:"quote,omitempty"`
	Speaker       *speaker   `json:"speaker,omitempty"`
	Record        any        `json:"record,omitempty"`

	// Cluster and First are the record's; Fold is what folded answers have once.
	Cluster string `json:"cluster,omitempty"`
	First   bool   `json:"first"`
	Fold    string `json:"fold,omitempty"`
	// Bands and Fingerprint are an article's; see package copies.
	Bands       []string      `json:"bands,omitempty"`
	Fingerprint *copies.Print `json:"fingerprint,omitempty"`
}

type article struct {
	ID       string    `json:"id"`
	Title    string    `json:"title,omitempty"`
	Source   string    `json:"source,omitempty"`
	Language string    `json:"language,omitempty"`
	Modified time.Time `json:"modified,omitzero"`
	Revision int64     `json:"revision"`
	Version  string    `json:"version,omitempty"`
	Entities int       `json:"entities"`
	Quotes   int       `json:"quotes"`
	Bytes    int       `json:"bytes"`
}

type link struct {
	Full string `json:"full"`
}

// names are every form of the names, to search by.
type names struct {
	Person       []string `json:"person,omitempty"`
	Organisation []string `json:"organisation,omitempty"`
	Place        []string `json:"place,omitempty"`
	Speaker      []string `json:"speaker,omitempty"`
}

type interval struct {
	From string `json:"gte"`
	To   string `json:"lt"`
}

type entity struct {
	Key     string `json:"key"`
	Name    string `json:"name"`
	Type    string `json:"type"`
	Acronym string `json:"acronym,omitempty"`
	Role    string `json:"role,omitempty"`
	// Affiliation is a person's organisation.
	Affiliation string   `json:"affiliation,omitempty"`
	Names       []string `json:"names"`
	Count       int      `json:"count"`
}

type quotation struct {
	Index int     `json:"index"`
	Text  string  `json:"text"`
	Kind  string  `json:"kind"`
	Cue   string  `json:"cue,omitempty"`
	Rule  string  `json:"rule,omitempty"`
	Score float64 `json:"score"`
}

type speaker struct {
	Name string `json:"name,omitempty"`
	Key  string `json:"key,omitempty"`
	Type string `json:"type,omitempty"`
	Role string `json:"role,omitempty"`
	// Affiliation is a person's organisation.
	Affiliation string `json:"affiliation,omitempty"`
	// Words are what stands for a speaker without a name.
	Words string `json:"words,omitempty"`
}

// documents are all of a record's: the article, then its mentions and quotes.
type documents struct {
	set      docSet
	article  []byte
	children []child
}

type child struct {
	ref docRef
	doc []byte
}

// docSet names the documents that one write of an article makes.
type docSet struct {
	Month    string   `json:"month"`
	Mentions []string `json:"mentions,omitempty"` // their keys
	Quotes   int      `json:"quotes,omitempty"`
}

// docRef is a document's place.
type docRef struct{ index, id string }

// month is the name of the month of publication.
func month(t time.Time) string {
	if t.IsZero() {
		return undated
	}
	return t.UTC().Format(monthLayout)
}

func (x *Index) articleRef(id string, s docSet) docRef {
	return docRef{x.articles() + "-" + s.Month, id}
}

func (x *Index) mentionRef(id, month, key string) docRef {
	return docRef{x.mentions() + "-" + month, childID(id, strings.ReplaceAll(key, "#", "%23"))}
}

func (x *Index) quoteRef(id, month string, n int) docRef {
	return docRef{x.quotes() + "-" + month, childID(id, "q"+strconv.Itoa(n))}
}

// childID is the ID of an article's mention or quote. Elasticsearch takes no longer ones than
// pipeline.MaxID.
func childID(article, suffix string) string {
	id := article + "#" + suffix
	if len(id) <= pipeline.MaxID {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// refs are the places of the set's documents.
func (x *Index) refs(id string, s docSet) []docRef {
	out := []docRef{x.articleRef(id, s)}
	for _, key := range s.Mentions {
		out = append(out, x.mentionRef(id, s.Month, key))
	}
	for n := range s.Quotes {
		out = append(out, x.quoteRef(id, s.Month, n))
	}
	return out
}

// documents makes a record's documents. An error means that it can never be stored.
func (x *Index) documents(r *pipeline.Record, print *copies.Print) (*documents, error) {
	d := search.NewDocument(r)
	out := &documents{set: docSet{Month: month(r.Published), Quotes: len(d.Quotes)}}
	shared := document{
		Timestamp: r.Published.UTC(),
		Article: article{
			ID: r.ID, Title: r.Title, Source: r.Source, Language: r.Language, Modified: r.Modified.UTC(), Revision: r.Revision,
			Version: r.Version, Entities: len(r.Entities), Quotes: len(r.Quotes), Bytes: len(r.Text),
		},
		People: d.Persons.Canonical, Organisations: d.Organisations.Canonical, Places: d.Places.Canonical, Speakers: d.Speakers.Canonical,
		Names:      names{d.Persons.Forms, d.Organisations.Forms, d.Places.Forms, d.Speakers.Forms},
		DateValues: d.Values, Entities: d.Keys, Cluster: r.Cluster, First: r.First, Fold: r.Cluster,
	}
	if r.URL != "" {
		shared.URL = &link{r.URL}
	}
	for _, iv := range d.Dates {
		if v, ok := newInterval(iv); ok {
			shared.Dates = append(shared.Dates, v)
		}
	}
	a := shared
	kept := *r
	kept.Text = ""
	a.Text, a.Record = r.Text, kept
	a.SpeakerKeys, a.Aliases, a.Roles, a.Affiliations = d.SpeakerKeys, d.Aliases, d.Roles, d.Affiliations
	a.Bands = print.Bands()
	if !print.None() {
		a.Fingerprint = print
	}
	var err error
	if out.article, err = json.Marshal(a); err != nil {
		return nil, fmt.Errorf("encode article: %w", err)
	}
	for _, m := range d.Mentions {
		e := &r.Entities[m.Entity]
		c := shared
		c.Entity = &entity{Key: e.Key, Name: e.Name, Type: e.Type.String(), Acronym: e.Acronym, Role: e.Role, Affiliation: e.Affiliation, Names: m.Forms, Count: m.Count}
		c.Sentences = m.Sentences
		out.set.Mentions = append(out.set.Mentions, m.Key)
		if err := out.add(x.mentionRef(r.ID, out.set.Month, m.Key), c); err != nil {
			return nil, err
		}
	}
	for i := range d.Quotes {
		if err := out.add(x.quoteRef(r.ID, out.set.Month, i), quoteDocument(shared, &d.Quotes[i])); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func quoteDocument(shared document, q *search.Quote) document {
	shared.Quote = &quotation{
		Index: q.Index, Text: q.Quote.Text, Kind: string(q.Quote.Kind), Rule: q.Quote.Rule, Score: q.Quote.Score,
	}
	if cue := q.Quote.Cue; cue != nil {
		shared.Quote.Cue = search.Cue(cue.Text)
	}
	switch {
	case len(q.Speakers.Canonical) > 0:
		shared.Speaker = &speaker{Name: q.Speaker, Key: q.SpeakerKey, Type: q.SpeakerType, Role: q.SpeakerRole, Affiliation: q.SpeakerAffiliation}
	case q.Speaker != "":
		shared.Speaker = &speaker{Words: q.Speaker}
	}
	shared.Names.Speaker = q.Speakers.Forms
	shared.Fold = search.QuoteFold(shared.Cluster, q.Quote.Text)
	shared.Record = q.QuoteHit
	return shared
}

func (d *documents) add(ref docRef, doc document) error {
	b, err := json.Marshal(doc)
	if err != nil {
		return fmt.Errorf("encode document: %w", err)
	}
	d.children = append(d.children, child{ref, b})
	return nil
}

// The years that date_range takes in its usual format, and the embedded index in its terms.
var (
	firstTime = time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)
	lastTime  = time.Date(9999, 12, 31, 23, 59, 59, 999e6, time.UTC)
)

// newInterval gives the interval as date_range has it, in milliseconds and never empty, within the
// years that it takes.
func newInterval(iv search.Interval) (interval, bool) {
	from, to := iv.From.Truncate(time.Millisecond), iv.To
	if from.Before(firstTime) {
		from = firstTime
	}
	if to.After(lastTime) {
		to = lastTime
	}
	if !to.After(from) {
		return interval{}, false
	}
	if least := from.Add(time.Millisecond); to.Before(least) {
		to = least
	}
	const layout = "2006-01-02T15:04:05.000Z"
	return interval{from.Format(layout), to.Format(layout)}, true
}
