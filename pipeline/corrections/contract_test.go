package corrections_test

import (
	"path/filepath"
	"testing"

	"github.com/datelinenews/dateline/pipeline/corrections"
	"github.com/datelinenews/dateline/pipeline/pipelinetest"
)

func TestStoreContract(t *testing.T) {
	pipelinetest.TestCorrections(t, func(t *testing.T) corrections.Store {
		return corrections.Open(filepath.Join(t.TempDir(), "corrections.jsonl"))
	})
}
