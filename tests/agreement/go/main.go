// Answers what flagd's own evaluator (github.com/open-feature/flagd/core) makes of flags; ends where a document does not
// conform to flagd's schema.
//
// Each line of the standard input is {"document": ..., "types": {flag key: type}, "contexts": [...]}; the answer is a line
// {flag key: [[variant, value, error code] for each context]}.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"log"
	"os"
	"strings"

	"github.com/open-feature/flagd/core/pkg/evaluator"
	"github.com/open-feature/flagd/core/pkg/logger"
	"github.com/open-feature/flagd/core/pkg/model"
	"github.com/open-feature/flagd/core/pkg/store"
	"github.com/open-feature/flagd/core/pkg/sync"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

const source = "agreement"

type question struct {
	Document json.RawMessage   `json:"document"`
	Types    map[string]string `json:"types"`
	Contexts []map[string]any  `json:"contexts"`
}

type answer [3]any

func main() {
	input := bufio.NewReader(os.Stdin)
	output := json.NewEncoder(os.Stdout)
	decoder := json.NewDecoder(input)
	for decoder.More() {
		var asked question
		if err := decoder.Decode(&asked); err != nil {
			log.Fatal(err)
		}
		if err := output.Encode(answersTo(asked)); err != nil {
			log.Fatal(err)
		}
	}
}

func answersTo(asked question) map[string][]answer {
	flagd := load(asked.Document)
	answers := map[string][]answer{}
	for key, valueType := range asked.Types {
		for _, given := range asked.Contexts {
			answers[key] = append(answers[key], resolve(flagd, key, valueType, given))
		}
	}
	return answers
}

// load ends the program where flagd refuses the document, or warns that it does not conform to the schema.
func load(document json.RawMessage) *evaluator.JSON {
	warnings, warned := observer.New(zap.WarnLevel)
	flags, err := store.NewStore(logger.NewLogger(zap.New(warnings), false), []string{source})
	if err != nil {
		log.Fatal(err)
	}
	warning := evaluator.NewJSON(logger.NewLogger(zap.New(warnings), false), flags)
	if err := warning.SetState(sync.DataSync{FlagData: string(document), Source: source}); err != nil {
		log.Fatal(err)
	}
	for _, entry := range warned.All() {
		// Ramps have computed weights, which this release evaluates, but its copy of the schema does not know yet.
		if !strings.Contains(entry.Message, "got object, want number") {
			log.Fatal(entry.Message)
		}
	}
	return evaluator.NewJSON(logger.NewLogger(zap.NewNop(), false), flags)
}

func resolve(flagd *evaluator.JSON, key, valueType string, given map[string]any) answer {
	background := context.Background()
	var value any
	var variant, reason string
	var err error
	switch valueType {
	case "boolean":
		value, variant, reason, _, err = flagd.ResolveBooleanValue(background, "", key, given)
	case "string":
		value, variant, reason, _, err = flagd.ResolveStringValue(background, "", key, given)
	case "number":
		value, variant, reason, _, err = flagd.ResolveFloatValue(background, "", key, given)
	default:
		value, variant, reason, _, err = flagd.ResolveObjectValue(background, "", key, given)
	}
	if err != nil {
		return answer{nil, nil, err.Error()}
	}
	if reason == model.FallbackReason || reason == model.DisabledReason {
		return answer{} // the caller's default
	}
	return answer{variant, value, nil}
}
