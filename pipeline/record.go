package pipeline

import (
	"time"

	"github.com/datelinenews/dateline/extractor"
)

// Record is an extracted article, as `extract --format jsonl` prints and as sinks store it.
// All spans are byte ranges into Text.
type Record struct {
	ID       string `json:"id"`
	URL      string `json:"url,omitempty"`
	Title    string `json:"title,omitempty"`
	Source   string `json:"source,omitempty"`
	Language string `json:"language,omitempty"`
	// Published and Modified are absent where unknown.
	Published time.Time `json:"published,omitzero"`
	Modified  time.Time `json:"modified,omitzero"`
	// Text is Article.Text(): the title, a blank line and the body.
	Text string `json:"text"`
	extractor.Analysis

	// Cluster is what all copies of one story have in common: the ID of the article that was seen
	// first. First says that of the copies this one was published first. Both are set by sinks that
	// can find copies (see package copies), and are absent before.
	Cluster string `json:"cluster,omitempty"`
	First   bool   `json:"first,omitempty"`

	// Revision orders the revisions of one article, in milliseconds: Modified, else Published,
	// else the Kafka record's time, else 0. Of equals the later written wins.
	Revision int64 `json:"-"`
}

// NewRecord joins an article and its analysis. arrived is the Kafka record's time, zero for a
// file.
func NewRecord(a *extractor.Article, x *extractor.Analysis, arrived time.Time) Record {
	return Record{
		ID: a.ID, URL: a.URL, Title: a.Title, Source: a.Source, Language: a.Language,
		Published: a.Published, Modified: a.Modified, Text: a.Text(), Analysis: *x,
		Revision: revision(a.Modified, a.Published, arrived),
	}
}

// revision is the first time that is known, in Unix milliseconds.
func revision(times ...time.Time) int64 {
	for _, t := range times {
		if !t.IsZero() {
			return max(t.UnixMilli(), 0)
		}
	}
	return 0
}
