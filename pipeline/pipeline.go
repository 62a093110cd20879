// Package pipeline moves articles from a Source through an extractor into a Sink, and loses none:
// what can't be read, extracted or stored becomes a dead letter with its reason.
//
// Delivery is at least once and its effect exactly once: records have deterministic IDs, sinks
// are idempotent by them, and a source's position is committed only when every message before it
// is stored or dead-lettered.
package pipeline

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Message is one raw article as a source found it.
type Message struct {
	// Name is the ID of an article that has neither an ID nor a URL of its own: a file's name
	// without folder and extensions. Empty: the ID comes from the content.
	Name string
	// Value is the original bytes. Dead letters keep them.
	Value []byte
	// Format says how to read Value; the zero value is JSON.
	Format Format
	// Key is the Kafka key, if any.
	Key []byte
	// Origin says where the message came from.
	Origin Origin
	// Err is set where the source itself could not read the message whole (a truncated archive,
	// a file over the limit): the message is then a dead letter, with what Value holds.
	Err error
}

// Format is the form of a message's bytes.
type Format string

// The formats.
const (
	JSON Format = "json" // the raw article: see Decode
	Text Format = "txt"  // the body, no title
	HTML Format = "html" // a page, cleaned on reading
)

// Origin is where a message came from: a Kafka topic, partition and offset, or a file and line.
type Origin struct {
	Topic     string
	Partition int
	Offset    int64
	// Path is the file's; Line counts from 1, and is 0 where the file is one article.
	Path string
	Line int
	// Time is the Kafka record's; zero for a file.
	Time time.Time
	// Trace is the trace context that the Kafka record carries, as its header "traceparent" has it (W3C
	// Trace Context, version 00); "" where it carries none. Dead letters and replays carry it on.
	Trace string
}

// TraceID is the trace's ID, 32 hexadecimal digits; "" where there is none.
func (o Origin) TraceID() string {
	if !ValidTrace(o.Trace) {
		return ""
	}
	return o.Trace[3:35]
}

// traceForm is a version, a trace's ID, a parent's, and flags.
var traceForm = regexp.MustCompile(`^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$`)

// ValidTrace says whether s is a traceparent of version 00, whose IDs are not zero.
func ValidTrace(s string) bool {
	m := traceForm.FindStringSubmatch(s)
	return m != nil && strings.Trim(m[1], "0") != "" && strings.Trim(m[2], "0") != ""
}

// String names the origin as an error message does: "news.jsonl:12", "dateline-raw/0@42".
func (o Origin) String() string {
	switch {
	case o.Topic != "":
		return fmt.Sprintf("%s/%d@%d", o.Topic, o.Partition, o.Offset)
	case o.Line > 0:
		return fmt.Sprintf("%s:%d", o.Path, o.Line)
	}
	return o.Path
}

// Batch is what one Read returns: messages in order, at least one.
type Batch struct {
	Messages []Message
	// Token is the source's own, for Commit, by when the messages may be gone.
	Token any
}

// Source gives messages.
type Source interface {
	// Read blocks until there is a batch, the source is exhausted (io.EOF) or ctx is done. Any
	// other error ends the run: a source itself retries what a retry may mend, and gives a
	// message that it can't read as one with Err set. Read is called from one goroutine; Commit
	// may be called meanwhile from another.
	Read(ctx context.Context) (*Batch, error)
	// Commit says that b and every batch read before it are stored or dead-lettered. After an
	// error the same or a later batch is committed again, which covers b. A batch
	// whose partition has been taken away meanwhile is ignored without an error.
	Commit(ctx context.Context, b *Batch) error
}

// Sink stores records.
type Sink interface {
	// Write stores all recs, or returns an error. It is idempotent by ID and revision: an older
	// revision never replaces a newer one, which is no error. A *RejectError names the records
	// that can never be stored; all others are then stored. After any other error the caller
	// may write the same records again.
	Write(ctx context.Context, recs []Record) error
}

// RejectError names the records of a Write that can never be stored. The rest are stored.
type RejectError struct {
	// Reasons has the index of each rejected record in the Write's slice, and why.
	Reasons map[int]string
}

func (e *RejectError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d records rejected", len(e.Reasons))
	for _, i := range slices.Sorted(maps.Keys(e.Reasons)) {
		fmt.Fprintf(&b, "; first: record %d: %s", i, e.Reasons[i])
		break
	}
	return b.String()
}

// DeadLetter is a message that could not be read, extracted or stored.
type DeadLetter struct {
	Value []byte
	// Name is the message's.
	Name   string
	Format Format
	Key    []byte
	Origin Origin
	// Stage is where it failed.
	Stage Stage
	// Kind says in a word what is wrong, and Reason in full, with what would mend it.
	Kind   Kind
	Reason string
	// Time is when it failed.
	Time time.Time
	// Partial says that Value is not the whole message, for the source could not read it whole.
	Partial bool
}

// Stage is a step of the way from a source to a sink.
type Stage string

// The stages, in order.
const (
	StageRead     Stage = "read"
	StageDecode   Stage = "decode"
	StageValidate Stage = "validate"
	StageExtract  Stage = "extract"
	StageStore    Stage = "store"
)

// DeadLetters keeps dead letters.
type DeadLetters interface {
	// Bury stores the letters durably before it returns.
	Bury(ctx context.Context, letters []DeadLetter) error
}
