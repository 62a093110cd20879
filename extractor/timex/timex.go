// Package timex finds expressions of date, time, duration and frequency in an article, gives each
// its TIMEX3 value, and, where it denotes a stretch of the calendar, an interval.
//
// Values follow TimeML 1.2.1 (ISO 8601 with TIMEX3's extensions: 2019-W42, 2019-SU, 198, P3D,
// PRESENT_REF).
package timex

import (
	"time"

	"github.com/datelinenews/dateline/extractor/text"
)

// Type is the TIMEX3 type of an expression.
type Type string

// The TIMEX3 types.
const (
	TypeDate     Type = "DATE"
	TypeTime     Type = "TIME"
	TypeDuration Type = "DURATION"
	TypeSet      Type = "SET"
)

// Date is one expression.
type Date struct {
	text.Span
	// Text is the surface, without a leading preposition.
	Text string `json:"text"`
	Type Type   `json:"type"`
	// Value is the TIMEX3 value.
	Value string `json:"value"`
	// Mod is the TIMEX3 modifier: START, MID, END, APPROX, BEFORE, AFTER, MORE_THAN, LESS_THAN.
	Mod string `json:"mod,omitempty"`
	// From and To are the half-open UTC interval; both zero where the value denotes none.
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
}

// Find returns the article's expressions in text order, without overlaps. Relative ones are
// resolved against published, or against the dateline in the text where that is explicit; the
// zero time stands for an unknown publication time, and then a month or a day without a year
// takes the year of the nearest dated expression.
func Find(doc *text.Doc, published time.Time) []Date {
	panic("TODO")
}
