x <- scan(file("stdin"), quiet = TRUE)
m <- matrix(c(4, 2, 1, 3), 2)
cat(sum(x), max(eigen(m)$values), "\n")
