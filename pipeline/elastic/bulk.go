package elastic

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"
)

// action is what an op does.
type action string

const (
	actionIndex  action = "index"
	actionCreate action = "create"
	actionDelete action = "delete"
)

// op is one action of a bulk request.
type op struct {
	action action
	ref    docRef
	doc    []byte
	// version, where set, is an external version: documents of a higher one stay.
	version *int64
	// after, where set, is the state that the document must be in.
	after *state
}

// state is a document's, as Elasticsearch counts its changes.
type state struct{ seqNo, term int64 }

// outcome is what became of an op.
type outcome struct {
	status int
	reason string
	state  state
}

func (o outcome) done() bool     { return o.status < 300 }
func (o outcome) conflict() bool { return o.status == http.StatusConflict }

// hopeless reports whether the document itself is at fault. What an operator can mend (privileges,
// blocks, missing indices) is not the document's fault, whatever its status.
func (o outcome) hopeless() bool {
	switch o.status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusConflict:
		return false
	}
	return o.status >= 400 && !temporary(o.status)
}

// header is an op's first line.
type header struct {
	Index       string `json:"_index"`
	ID          string `json:"_id"`
	Version     *int64 `json:"version,omitempty"`
	VersionType string `json:"version_type,omitempty"`
	IfSeqNo     *int64 `json:"if_seq_no,omitempty"`
	IfTerm      *int64 `json:"if_primary_term,omitempty"`
}

// lines are an op's one or two lines.
func (o *op) lines() ([]byte, error) {
	h := header{Index: o.ref.index, ID: o.ref.id, Version: o.version}
	if o.version != nil {
		h.VersionType = "external_gte"
	}
	if o.after != nil {
		h.IfSeqNo, h.IfTerm = &o.after.seqNo, &o.after.term
	}
	b, err := json.Marshal(map[action]header{o.action: h})
	if err != nil {
		return nil, fmt.Errorf("encode bulk: %w", err)
	}
	b = append(b, '\n')
	if o.action != actionDelete {
		b = append(append(b, o.doc...), '\n')
	}
	return b, nil
}

// bulk carries out the ops, in as many requests as their size asks for, and returns what became of
// each. Within one bulk there is no order. What is refused for now is tried again; when the attempts
// are used up, or where an operator is needed, the error says so, and some of the ops are done.
func (x *Index) bulk(ctx context.Context, ops []op) ([]outcome, error) {
	out := make([]outcome, len(ops))
	var part []int
	size := 0
	flush := func() error {
		if len(part) == 0 {
			return nil
		}
		err := x.bulkPart(ctx, ops, part, out)
		part, size = part[:0], 0
		return err
	}
	for i := range ops {
		n := len(ops[i].doc) + len(ops[i].ref.id) + len(ops[i].ref.index) + 64
		if len(part) > 0 && (size+n > x.cfg.BulkBytes || len(part) >= x.cfg.BulkDocs) {
			if err := flush(); err != nil {
				return nil, err
			}
		}
		part = append(part, i)
		size += n
	}
	if err := flush(); err != nil {
		return nil, err
	}
	return out, nil
}

// bulkPart carries out the ops of the indices, and tries again those that are refused for now.
func (x *Index) bulkPart(ctx context.Context, ops []op, part []int, out []outcome) error {
	for attempt := 1; ; attempt++ {
		again, err := x.bulkOnce(ctx, ops, part, out)
		if err == nil && len(again) == 0 {
			return nil
		}
		var status *StatusError
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("bulk: %w", context.Cause(ctx))
		case err == nil:
		case errors.As(err, &status) && !temporary(status.Status):
			return fmt.Errorf("bulk: %w", err)
		default:
			again = part
		}
		if attempt >= x.cfg.Attempts {
			if err == nil {
				o := out[again[0]]
				err = fmt.Errorf("%d documents refused, the first with %d: %s", len(again), o.status, o.reason)
			}
			return fmt.Errorf("bulk: gave up after %d attempts: %w", attempt, err)
		}
		x.counts.retried.Add(int64(len(again)))
		x.counts.requests.Add(1)
		if err := x.wait(ctx, attempt); err != nil {
			return fmt.Errorf("bulk: %w", err)
		}
		part = again
	}
}

// bulkOnce sends the ops, halved as often as the server finds them too large, and returns those that
// it refuses for now.
func (x *Index) bulkOnce(ctx context.Context, ops []op, part []int, out []outcome) (again []int, err error) {
	var body bytes.Buffer
	for _, i := range part {
		lines, err := ops[i].lines()
		if err != nil {
			return nil, err
		}
		body.Write(lines)
	}
	var res struct {
		Items []map[action]struct {
			Status int      `json:"status"`
			Error  *failure `json:"error"`
			SeqNo  int64    `json:"_seq_no"`
			Term   int64    `json:"_primary_term"`
		} `json:"items"`
	}
	err = x.call(ctx, esapi.BulkRequest{
		Body:       &body,
		FilterPath: []string{"items.*.status", "items.*.error", "items.*._seq_no", "items.*._primary_term"},
	}, &res)
	var status *StatusError
	if errors.As(err, &status) && tooLarge(status) {
		if len(part) == 1 {
			out[part[0]] = outcome{status: status.Status, reason: status.Error()}
			return nil, nil
		}
		half := len(part) / 2
		first, err := x.bulkOnce(ctx, ops, part[:half], out)
		if err != nil {
			return nil, err
		}
		second, err := x.bulkOnce(ctx, ops, part[half:], out)
		if err != nil {
			return nil, err
		}
		return append(append([]int(nil), first...), second...), nil
	}
	if err != nil {
		return nil, err
	}
	if len(res.Items) != len(part) {
		return nil, fmt.Errorf("elasticsearch answers %d of %d bulk items", len(res.Items), len(part))
	}
	for k, i := range part {
		item := res.Items[k][ops[i].action]
		o := outcome{status: item.Status, state: state{item.SeqNo, item.Term}}
		if item.Error != nil {
			o.reason = item.Error.String()
		}
		out[i] = o
		x.counts.item(o)
		switch {
		case o.status == 0:
			return nil, fmt.Errorf("elasticsearch's bulk answer lacks the status of %s", ops[i].ref.id)
		case temporary(o.status):
			again = append(again, i)
		case o.status == http.StatusUnauthorized, o.status == http.StatusForbidden,
			o.status == http.StatusNotFound && ops[i].action != actionDelete:
			return nil, &StatusError{Status: o.status, Reason: o.reason + " (" + ops[i].ref.index + ")"}
		}
	}
	return again, nil
}

// item counts an outcome.
func (c *counts) item(o outcome) {
	switch {
	case o.done():
		c.itemsDone.Add(1)
	case o.conflict():
		c.itemsConflict.Add(1)
	case o.status == http.StatusNotFound:
		c.itemsMissing.Add(1)
	case temporary(o.status):
		c.itemsRefused.Add(1)
	default:
		c.itemsRejected.Add(1)
	}
}

// tooLarge reports whether a request is to be sent in halves: too many bytes, or something in it
// that Elasticsearch itself can't parse.
func tooLarge(e *StatusError) bool {
	return e.Status == http.StatusRequestEntityTooLarge || e.Status == http.StatusBadRequest && e.Type != ""
}

// wait waits after so many attempts: exponential, with "equal jitter" (Brooker, "Exponential
// Backoff And Jitter", AWS Architecture Blog, 2015).
func (x *Index) wait(ctx context.Context, attempt int) error {
	d := x.cfg.MinBackoff
	for range attempt - 1 {
		d = min(d*2, x.cfg.MaxBackoff)
	}
	d = min(d, x.cfg.MaxBackoff)
	timer := time.NewTimer(d/2 + rand.N(d/2+1)) // jitter needs no secrecy
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
