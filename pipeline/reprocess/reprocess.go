// Package reprocess reads stored articles back as raw ones, so that a newer version of the
// extraction can be run over an index from the index alone.
package reprocess

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"github.com/datelinenews/dateline/pipeline"
	"github.com/datelinenews/dateline/pipeline/search"
)

// Scanner gives stored articles in the order of their IDs; an empty page is the end.
type Scanner interface {
	Scan(ctx context.Context, s search.Scan) ([]pipeline.Record, error)
}

// Config says what is read back.
type Config struct {
	// Index holds the articles.
	Index Scanner
	// Query chooses them; the zero Query chooses all.
	Query search.Query
	// Version, where set, is the current one: articles that have it are left out. So what is done is
	// not done again, and a pass that was cut off goes on where it was.
	Version string
	// After, where set, is the ID to begin after.
	After string
	// Rate bounds the articles a second. 0: no bound.
	Rate float64
	// Page is how many articles are asked for at a time. Default: 50.
	Page int
}

// Source reads stored articles as messages, each once. It implements pipeline.Source. An article
// that arrives meanwhile under an ID already passed is left out: it has the current version.
//
// The message has the article's fields, and its origin the stored revision as its time, so that
// the record that is made of it has the same revision: a newer one that is written meanwhile wins.
type Source struct {
	cfg  Config
	last string    // the ID read last
	free time.Time // when the rate lets the next articles through

	committed atomic.Pointer[string]
}

// NewSource checks the configuration. It asks nothing yet.
func NewSource(cfg Config) (*Source, error) {
	switch {
	case cfg.Index == nil:
		return nil, errors.New("reprocess: no index")
	case cfg.Rate < 0 || cfg.Rate != cfg.Rate:
		return nil, fmt.Errorf("reprocess: a rate of %v: want 0 or more", cfg.Rate)
	case cfg.Page < 0:
		return nil, fmt.Errorf("reprocess: pages of %d articles", cfg.Page)
	}
	cfg.Page = cmp.Or(cfg.Page, 50)
	if cfg.Rate > 0 {
		cfg.Page = max(min(cfg.Page, int(cfg.Rate)), 1)
	}
	return &Source{cfg: cfg, last: cfg.After}, nil
}

// Read returns the next page's articles, not sooner than the rate allows.
func (s *Source) Read(ctx context.Context) (*pipeline.Batch, error) {
	if err := s.pause(ctx); err != nil {
		return nil, err
	}
	recs, err := s.cfg.Index.Scan(ctx, search.Scan{Query: s.cfg.Query, NotVersion: s.cfg.Version, After: s.last, Limit: s.cfg.Page})
	if err != nil {
		return nil, fmt.Errorf("reprocess: %w", err)
	}
	if len(recs) == 0 {
		return nil, io.EOF
	}
	b := &pipeline.Batch{}
	for i := range recs {
		m, err := message(&recs[i])
		if err != nil {
			return nil, err
		}
		b.Messages = append(b.Messages, m)
	}
	s.last = recs[len(recs)-1].ID
	b.Token = s.last
	if s.cfg.Rate > 0 {
		s.free = later(s.free, time.Now()).Add(time.Duration(float64(len(recs)) / s.cfg.Rate * float64(time.Second)))
	}
	return b, nil
}

// pause waits until the rate allows more.
func (s *Source) pause(ctx context.Context) error {
	wait := time.Until(s.free)
	if wait <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Commit remembers how far the pass has come; see Done.
func (s *Source) Commit(_ context.Context, b *pipeline.Batch) error {
	id, ok := b.Token.(string)
	if !ok {
		return errors.New("commit: the batch is not of this source")
	}
	s.committed.Store(&id)
	return nil
}

// Done is the ID up to which all articles are stored again, or are dead letters; empty before the
// first. Safe at any time.
func (s *Source) Done() string {
	if id := s.committed.Load(); id != nil {
		return *id
	}
	return s.cfg.After
}

// message is a record as the raw article that it was made from.
func message(r *pipeline.Record) (pipeline.Message, error) {
	body := r.Text
	// Else the title would count twice against the limit on the text.
	if rest, ok := strings.CutPrefix(r.Text, r.Title+"\n\n"); ok && r.Title != "" && strings.TrimSpace(rest) != "" {
		body = rest
	}
	value, err := json.Marshal(struct {
		ID        string    `json:"id"`
		URL       string    `json:"url,omitempty"`
		Title     string    `json:"title,omitempty"`
		Text      string    `json:"text"`
		Source    string    `json:"source,omitempty"`
		Language  string    `json:"language,omitempty"`
		Published time.Time `json:"published,omitzero"`
		Modified  time.Time `json:"modified,omitzero"`
	}{r.ID, r.URL, r.Title, body, r.Source, r.Language, r.Published, r.Modified})
	if err != nil {
		return pipeline.Message{}, fmt.Errorf("reprocess: encode article %q: %w", r.ID, err)
	}
	m := pipeline.Message{Value: value, Format: pipeline.JSON, Key: []byte(r.ID), Origin: pipeline.Origin{Path: r.ID}}
	if r.Revision > 0 {
		m.Origin.Time = time.UnixMilli(r.Revision).UTC()
	}
	return m, nil
}
