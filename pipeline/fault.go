package pipeline

import (
	"errors"

	"github.com/datelinenews/dateline/extractor"
	"github.com/datelinenews/dateline/pipeline/clean"
)

// Kind says in a word why a message is a dead letter, to count by. A letter's Reason says it in full.
type Kind string

// The kinds.
const (
	KindEmpty      Kind = "empty"      // no bytes, or no text
	KindNotJSON    Kind = "not-json"   // not JSON at all
	KindCut        Kind = "cut"        // JSON that ends early
	KindWrongType  Kind = "wrong-type" // JSON, but no article: an array, a number where text is wanted
	KindTooDeep    Kind = "too-deep"   // nested too deeply
	KindTooLong    Kind = "too-long"   // over a limit of length
	KindEncoding   Kind = "encoding"   // not UTF-8
	KindHTML       Kind = "html"       // a page without an article that can be found
	KindUnreadable Kind = "unreadable" // the source itself could not read it whole
	KindPanic      Kind = "panic"      // a fault of ours
	KindRejected   Kind = "rejected"   // the sink can't take it
	KindOther      Kind = "other"      // none of these
)

// fault is an error of a kind; it reads as the error itself does.
type fault struct {
	kind Kind
	error
}

func (f *fault) Unwrap() error { return f.error }

// Fault gives the error a kind, for KindOf.
func Fault(k Kind, err error) error { return &fault{k, err} }

// KindOf is the kind of an error of reading, decoding or validating a message.
func KindOf(err error) Kind {
	var f *fault
	if errors.As(err, &f) {
		return f.kind
	}
	for _, k := range []struct {
		err  error
		kind Kind
	}{
		{ErrEmptyMessage, KindEmpty}, {extractor.ErrEmpty, KindEmpty},
		{extractor.ErrTooLong, KindTooLong}, {clean.ErrTooBig, KindTooLong},
		{extractor.ErrUTF8, KindEncoding},
		{clean.ErrNoText, KindHTML}, {clean.ErrNotHTML, KindHTML},
	} {
		if errors.Is(err, k.err) {
			return k.kind
		}
	}
	return KindOther
}
