module Count (counted) where

import qualified Data.Map.Strict as Map
import Data.List (sortOn)
import Data.Ord (Down (..))

-- Each word and how often it is there, the most frequent first.
counted :: String -> [(String, Int)]
counted text = sortOn (\(word, times) -> (Down times, word)) (Map.toList counts)
  where
    counts = Map.fromListWith (+) [(word, 1) | word <- words text]
