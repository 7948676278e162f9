module Main (main) where

import Count (counted)

main :: IO ()
main = do
  text <- getContents
  mapM_ (\(word, times) -> putStrLn (word ++ " " ++ show times)) (take 3 (counted text))
  putStrLn ("30! = " ++ show (product [1 .. 30 :: Integer]))
