package search

import (
	"context"
	"time"
)

// Counter says what an index holds. It is safe for concurrent use.
type Counter interface {
	Counts(ctx context.Context) (*Counts, error)
}

// Counts is what an index holds.
type Counts struct {
	Articles int `json:"articles"`
	Quotes   int `json:"quotes"`
	// Mentions counts the entities of articles, where the index has documents for them.
	Mentions int `json:"mentions,omitempty"`
	// Languages and Versions count articles by language and by the version of the extraction, most
	// frequent first, ten at most; what an article lacks is "".
	Languages []Count `json:"languages"`
	Versions  []Count `json:"versions"`
	// Newest is the latest time of publication; zero where there is none.
	Newest time.Time `json:"newest,omitzero"`
}
