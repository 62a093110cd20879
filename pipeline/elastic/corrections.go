package elastic

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/datelinenews/dateline/pipeline/corrections"
)

// Corrections is a corrections.Store in an index of its own, PREFIX-corrections, for any number of
// processes. It has a document for each subject, so that of two people who correct the same at once the
// later counts, and nothing of the other stays; what is undone is undone only while it is still in force.
type Corrections struct{ x *Index }

// Corrections are those of the cluster. The index for them is made by Setup: without it there are none, and
// none can be made.
func (x *Index) Corrections() *Corrections { return &Corrections{x} }

func (x *Index) corrections() string { return x.cfg.Prefix + "-corrections" }

// String names the store.
func (c *Corrections) String() string { return "Elasticsearch's index " + c.x.corrections() }

// correctionsPage is how many are read at a time.
const correctionsPage = 1000

// List are the corrections in force, the oldest first.
func (c *Corrections) List(ctx context.Context) ([]corrections.Correction, error) {
	out := []corrections.Correction{}
	after := ""
	for {
		req := node{"size": correctionsPage, "query": node{"match_all": node{}}, "sort": []node{{"id": node{"order": "asc", "unmapped_type": "keyword"}}}, "track_total_hits": false}
		if after != "" {
			req["search_after"] = []string{after}
		}
		hits, err := c.search(ctx, req)
		if err != nil {
			return nil, fmt.Errorf("read corrections: %w", err)
		}
		for _, h := range hits {
			var one corrections.Correction
			if err := json.Unmarshal(h.Source, &one); err != nil {
				return nil, fmt.Errorf("read corrections: document %s of %s: %w", h.ID, c.x.corrections(), err)
			}
			if err := one.Validate(); err != nil {
				return nil, fmt.Errorf("read corrections: document %s of %s: %w", h.ID, c.x.corrections(), err)
			}
			out = append(out, one)
			after = one.ID
		}
		if len(hits) < correctionsPage {
			break
		}
	}
	slices.SortFunc(out, func(a, b corrections.Correction) int {
		return cmp.Or(a.Time.Compare(b.Time), strings.Compare(a.ID, b.ID))
	})
	return out, nil
}

// correctionHit is a document, and the state that it is in.
type correctionHit struct {
	ID     string          `json:"_id"`
	Source json.RawMessage `json:"_source"`
	SeqNo  int             `json:"_seq_no"`
	Term   int             `json:"_primary_term"`
}

func (c *Corrections) search(ctx context.Context, req node) ([]correctionHit, error) {
	body, err := json.Marshal(req)
	if err != nil {
		return nil, err
	}
	var res struct {
		Hits struct {
			Hits []correctionHit `json:"hits"`
		} `json:"hits"`
	}
	err = c.x.patiently(ctx, func() error {
		return c.x.call(ctx, esapi.SearchRequest{
			Index: []string{c.x.corrections()}, Body: bytes.NewReader(body), IgnoreUnavailable: yes(), AllowNoIndices: yes(), AllowPartialSearchResults: new(bool),
		}, &res)
	})
	return res.Hits.Hits, err
}

// Add makes a correction.
func (c *Corrections) Add(ctx context.Context, made corrections.Correction) (corrections.Correction, error) {
	if err := made.Validate(); err != nil {
		return made, err
	}
	made.ID = corrections.NewID()
	body, err := json.Marshal(made)
	if err != nil {
		return made, fmt.Errorf("write correction: %w", err)
	}
	err = c.x.wantIndex(ctx, c.x.corrections())
	if err == nil {
		err = c.x.patiently(ctx, func() error {
			return c.x.call(ctx, esapi.IndexRequest{Index: c.x.corrections(), DocumentID: made.Subject(), Body: bytes.NewReader(body), Refresh: "true"}, nil)
		})
	}
	if err != nil {
		return made, fmt.Errorf("write correction: %w", err)
	}
	return made, nil
}

// Undo takes a correction away, unless another of its subject has taken its place meanwhile.
func (c *Corrections) Undo(ctx context.Context, id string) error {
	hits, err := c.search(ctx, node{"size": 1, "query": node{"term": node{"id": id}}, "seq_no_primary_term": true})
	if err != nil {
		return fmt.Errorf("undo correction: %w", err)
	}
	for _, h := range hits {
		err := c.x.patiently(ctx, func() error {
			return c.x.call(ctx, esapi.DeleteRequest{Index: c.x.corrections(), DocumentID: h.ID, IfSeqNo: &h.SeqNo, IfPrimaryTerm: &h.Term, Refresh: "true"}, nil)
		})
		var status *StatusError
		if errors.As(err, &status) && (status.Status == http.StatusConflict || status.Status == http.StatusNotFound) {
			continue // it is not in force any more
		}
		if err != nil {
			return fmt.Errorf("undo correction: %w", err)
		}
	}
	return nil
}
