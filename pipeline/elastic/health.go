package elastic

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"
)

// Health is what a worker tells of itself from time to time, for dashboards. Numbers are of the time
// since it told last, but for those that say otherwise.
type Health struct {
	// Host names the worker.
	Host string
	// Time is when it tells.
	Time time.Time
	// Read, Stored and Retries count as pipeline.Stats does.
	Read, Stored, Retries int
	// Dead are the dead letters.
	Dead []DeadCount
	// Lag is how many messages wait now, of the partitions that the worker holds; nil where that is not
	// known. Waiting is the same by partition, such as "dateline-raw/3"; one in which nothing waits
	// needs not be there.
	Lag     *int64
	Waiting map[string]int64
	// Bytes are in flight now, and Oldest is how long the oldest of them has been.
	Bytes  int64
	Oldest time.Duration
}

// DeadCount counts dead letters of one cause.
type DeadCount struct {
	Stage, Reason string
	Count         int
}

// healthKept is how long what processes told is kept, and healthPace how often it is looked through.
const (
	healthKept = "90d"
	healthPace = 24 * time.Hour
)

func (x *Index) health() string { return x.cfg.Prefix + "-health" }

// WriteHealth keeps what a worker tells: a document of its numbers, one for each cause of dead
// letters, and one for each partition in which messages wait. Once a day it deletes what is old, of
// feeds too. ErrSetup says that setup has not made the index for it. It is not tried again: the next
// telling comes soon.
func (x *Index) WriteHealth(ctx context.Context, h Health) error {
	if err := x.writeHealth(ctx, h); err != nil {
		return fmt.Errorf("write health: %w", err)
	}
	return nil
}

// wantIndex is ErrSetup where there is no such index: without its mapping it would be made of guesses.
func (x *Index) wantIndex(ctx context.Context, name string) error {
	var status *StatusError
	err := x.call(ctx, esapi.IndicesExistsRequest{Index: []string{name}}, nil)
	if errors.As(err, &status) && status.Status == http.StatusNotFound {
		return notSetUp(name)
	}
	return err
}

// notSetUp is the ErrSetup of an index that setup makes.
func notSetUp(name string) error {
	return fmt.Errorf("%w: there is no index %s: run `dateline setup` first", ErrSetup, name)
}

func (x *Index) writeHealth(ctx context.Context, h Health) error {
	if last := x.swept.Load(); h.Time.Unix()-last >= int64(healthPace/time.Second) {
		if err := x.wantIndex(ctx, x.health()); err != nil {
			return err
		}
		body := `{"query":{"range":{"@timestamp":{"lt":"now-` + healthKept + `"}}}}`
		req := esapi.DeleteByQueryRequest{Index: []string{x.health(), x.feeds()}, Body: bytes.NewReader([]byte(body)), Conflicts: "proceed", IgnoreUnavailable: yes()}
		if err := x.call(ctx, req, nil); err != nil {
			return err
		}
		x.swept.Store(h.Time.Unix())
	}
	numbers := node{"read": h.Read, "stored": h.Stored, "retries": h.Retries, "bytes": h.Bytes, "oldest": h.Oldest.Seconds()}
	if h.Lag != nil {
		numbers["lag"] = *h.Lag
	}
	docs := []node{numbers}
	for _, d := range h.Dead {
		docs = append(docs, node{"dead": d.Count, "stage": d.Stage, "reason": d.Reason})
	}
	for partition, n := range h.Waiting {
		docs = append(docs, node{"partition": partition, "waiting": n})
	}
	ops := make([]told, len(docs))
	for i, d := range docs {
		ops[i].doc = node{"@timestamp": h.Time.UTC(), "host": node{"name": h.Host}, "health": d}
	}
	return x.tell(ctx, x.health(), ops)
}

// told is a document of health or of feeds. One with an ID is written once, however often it is told.
type told struct {
	id  string
	doc node
}

// tell writes documents that are never changed.
func (x *Index) tell(ctx context.Context, index string, ops []told) error {
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	for _, o := range ops {
		target := node{}
		if o.id != "" {
			target["_id"] = o.id
		}
		for _, line := range []node{{"create": target}, o.doc} {
			if err := enc.Encode(line); err != nil {
				return err
			}
		}
	}
	var res struct {
		Items []map[string]struct {
			Status int      `json:"status"`
			Error  *failure `json:"error"`
		} `json:"items"`
	}
	if err := x.call(ctx, esapi.BulkRequest{Index: index, Body: &body}, &res); err != nil {
		return err
	}
	for _, item := range res.Items {
		for _, outcome := range item {
			if outcome.Error != nil && outcome.Status != http.StatusConflict { // it is there
				return errors.New(outcome.Error.String())
			}
		}
	}
	return nil
}
