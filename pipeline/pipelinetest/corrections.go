package pipelinetest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/datelinenews/dateline/extractor/ner"
	"github.com/datelinenews/dateline/pipeline/corrections"
)

// TestCorrections tests the contract of corrections.Store on an empty one.
func TestCorrections(t *testing.T, open func(t *testing.T) corrections.Store) {
	at := time.Date(2025, 6, 1, 12, 0, 0, 0, time.UTC)
	later := func(n int) time.Time { return at.Add(time.Duration(n) * time.Second) }
	add := func(t *testing.T, s corrections.Store, c corrections.Correction) corrections.Correction {
		t.Helper()
		made, err := s.Add(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		if made.ID == "" {
			t.Fatalf("%+v has no ID", made)
		}
		return made
	}
	has := func(t *testing.T, s corrections.Store, want ...corrections.Correction) {
		t.Helper()
		got, err := s.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(got, want) {
			t.Fatalf("in force are\n%+v, want\n%+v", got, want)
		}
	}
	t.Run("kinds", func(t *testing.T) {
		s := open(t)
		has(t, s)
		var made []corrections.Correction
		for _, c := range []corrections.Correction{
			{Kind: corrections.NotAName, Time: later(0), Key: "person:monday", Name: "Monday", By: "ann"},
			{Kind: corrections.WrongType, Time: later(1), Key: "person:harbour", Name: "Harbour", Type: ner.Place},
			{Kind: corrections.SameAs, Time: later(2), Key: "person:a-bell", Name: "A. Bell", Type: ner.Person, To: "Ada “A” Bell\u2028 <b>"},
			{Kind: corrections.NotTheSpeaker, Time: later(3), Key: "person:ada-bell", Name: "Ada Bell", Article: "https://example.org/a?b#c", Quote: "Yes,\nsaid \"we\"."},
			{Kind: corrections.NotTheSpeaker, Time: later(4), Article: "https://example.org/a?b#c", Quote: "Yes,\nsaid \"we\"."}, // of a speaker who is no entity
			{Kind: corrections.NotAName, Time: later(5), Key: "place:monday", Name: "Monday"},
		} {
			made = append(made, add(t, s, c))
		}
		has(t, s, made...)
		// The later of one subject counts.
		again := add(t, s, corrections.Correction{Kind: corrections.WrongType, Time: later(6), Key: "person:monday", Name: "Monday", Type: ner.Organisation})
		now := append(slices.Clone(made[1:]), again)
		has(t, s, now...)
		for _, id := range []string{made[0].ID, "none", ""} { // not in force
			if err := s.Undo(t.Context(), id); err != nil {
				t.Errorf("undo %q: %v", id, err)
			}
		}
		has(t, s, now...)
		for i := range now {
			if err := s.Undo(t.Context(), now[i].ID); err != nil {
				t.Fatal(err)
			}
			has(t, s, now[i+1:]...)
		}
		has(t, s, []corrections.Correction{}...)
		has(t, s, add(t, s, made[0])) // and once more
	})
	t.Run("bad", func(t *testing.T) {
		s := open(t)
		for _, c := range []corrections.Correction{{}, {Kind: corrections.NotAName, Name: "x"}, {Kind: corrections.WrongType, Key: "person:x", Name: "x"}} {
			if _, err := s.Add(t.Context(), c); !errors.Is(err, corrections.ErrCorrection) {
				t.Errorf("Add(%+v) returns %v", c, err)
			}
		}
		has(t, s)
	})
	t.Run("at once", func(t *testing.T) {
		s := open(t)
		const people = 8
		var wg sync.WaitGroup
		for i := range people {
			wg.Go(func() {
				// All correct one name, and each another of its own, which half of them undo.
				if _, err := s.Add(t.Context(), corrections.Correction{Kind: corrections.NotAName, Time: later(i), Key: "person:monday", Name: "Monday", By: strconv.Itoa(i)}); err != nil {
					t.Error(err)
				}
				name := fmt.Sprintf("Name %d", i)
				c, err := s.Add(t.Context(), corrections.Correction{Kind: corrections.NotAName, Time: later(i), Key: "person:" + strconv.Itoa(i), Name: name})
				if err != nil {
					t.Error(err)
				} else if i%2 == 0 {
					if err := s.Undo(t.Context(), c.ID); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		list, err := s.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var keys []string
		for _, c := range list {
			keys = append(keys, c.Key)
		}
		slices.Sort(keys)
		if want := []string{"person:1", "person:3", "person:5", "person:7", "person:monday"}; !slices.Equal(keys, want) {
			t.Errorf("in force are %v, want %v", keys, want)
		}
	})
}
