// Package quote finds what an article says was said: quotations in marks, and reported speech
// without them, each with its speaker and the cue that names the act of speaking.
package quote

import (
	"github.com/datelinenews/dateline/extractor/text"
)

// Kind is how the words are reported.
type Kind string

// The kinds of quotes.
const (
	Direct   Kind = "direct"   // a whole sentence or clause in marks
	Mixed    Kind = "mixed"    // a fragment in marks inside the reporter's sentence
	Indirect Kind = "indirect" // reported without marks
)

// Quote is one stretch of reported words.
type Quote struct {
	// Span excludes the quotation marks.
	text.Span
	Text string `json:"text"`
	Kind Kind   `json:"kind"`
	// Speaker is nil where the article names none.
	Speaker *Speaker `json:"speaker,omitempty"`
	// Cue is the words that name the act of speaking ("said", "according to"), if any.
	Cue *Cue `json:"cue,omitempty"`
	// Rule names the rule that chose the speaker.
	Rule string `json:"rule"`
	// Score in 0..1 is the probability, as calibrated on development data, that the speaker is
	// right.
	Score float64 `json:"score"`
}

// Speaker is whose words they are.
type Speaker struct {
	// Entity is an index into the article's entities; nil where the speaker is no named entity.
	Entity *int `json:"entity,omitempty"`
	// Expression is the words beside the quote that name the speaker ("he", "a spokesman"); nil
	// where there are none.
	*Expression
}

// Expression is a stretch of text.
type Expression struct {
	text.Span
	Text string `json:"text"`
}

// Cue is the words that name the act of speaking.
type Cue = Expression
